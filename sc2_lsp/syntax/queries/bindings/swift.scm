(parameter name: (simple_identifier) @name name: (_) @holds) @binding
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  (type_annotation (_) @holds)) @binding
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  value: (call_expression . (simple_identifier) @made)) @binding
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  value: (try_expression expr: (call_expression . (simple_identifier) @made))) @binding
