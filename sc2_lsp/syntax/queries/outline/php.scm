(namespace_use_declaration
  (namespace_use_clause . [(qualified_name) (name)] @path alias: (name)? @as)) @import
(namespace_use_declaration
  (namespace_name) @from
  body: (namespace_use_group (namespace_use_clause . (_) @take alias: (name)? @as))) @import
(expression_statement
  [
    (require_once_expression [(string) @from (binary_expression right: (string) @from)])
    (require_expression [(string) @from (binary_expression right: (string) @from)])
    (include_once_expression [(string) @from (binary_expression right: (string) @from)])
    (include_expression [(string) @from (binary_expression right: (string) @from)])
  ]) @import

(namespace_definition body: (_) @scope)
(if_statement body: (compound_statement) @scope)

(class_declaration
  name: (name) @name
  (base_clause)? @bases
  (class_interface_clause)? @bases
  body: (_) @body) @class
(interface_declaration name: (name) @name (base_clause)? @bases body: (_) @body) @class
(trait_declaration name: (name) @name body: (_) @body) @class
(enum_declaration
  name: (name) @name
  (class_interface_clause)? @bases
  body: (_) @body) @class
(enum_case name: (name) @name) @field
(use_declaration (_) @extends)

(function_definition name: (name) @name return_type: (_)? @holds body: (_) @body) @function
(method_declaration name: (name) @name return_type: (_)? @holds body: (_)? @body) @function
((method_declaration name: (name) @_name parameters: (_) @parameters body: (_) @fields)
  (#eq? @_name "__construct"))
(method_declaration
  parameters: (formal_parameters
    (property_promotion_parameter
      type: (_)? @holds
      name: (variable_name (name) @name)) @field))

(const_declaration (const_element . (name) @name)) @variable
((expression_statement
  (function_call_expression
    function: (name) @_define
    arguments: (arguments . (argument (string (string_content) @name))))) @variable
  (#eq? @_define "define"))
(property_declaration
  type: (_)? @holds
  (property_element name: (variable_name (name) @name))) @field

; Fields, in the body of a constructor.
((expression_statement
  (assignment_expression
    left: (member_access_expression object: (variable_name) @_this name: (name) @name)
    right: [
      (object_creation_expression [(name) (qualified_name)] @made)
      (variable_name) @given
      (_)
    ])) @field
  (#eq? @_this "$this"))
