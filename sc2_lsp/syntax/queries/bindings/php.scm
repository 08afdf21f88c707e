(simple_parameter type: (_) @holds name: (variable_name) @name) @binding
(property_promotion_parameter type: (_) @holds name: (variable_name) @name) @binding
(property_declaration type: (_) @holds (property_element name: (variable_name) @name)) @binding
(assignment_expression
  left: [(variable_name) (member_access_expression)] @name
  right: (object_creation_expression [(name) (qualified_name)] @made)) @binding
(catch_clause type: (_) @holds name: (variable_name) @name) @binding
