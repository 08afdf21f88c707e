(function_declaration
  name: (identifier) @name
  return_type: (_)? @holds
  body: (_) @body) @function
(generator_function_declaration
  name: (identifier) @name
  return_type: (_)? @holds
  body: (_) @body) @function
(method_definition name: (_) @name return_type: (_)? @holds body: (_) @body) @function

(lexical_declaration
  (variable_declarator
    name: (identifier) @name
    value: [
      (arrow_function return_type: (_)? @holds body: (_) @body)
      (function_expression return_type: (_)? @holds body: (_) @body)
      (generator_function return_type: (_)? @holds body: (_) @body)
    ])) @function
(variable_declaration
  (variable_declarator
    name: (identifier) @name
    value: [
      (arrow_function return_type: (_)? @holds body: (_) @body)
      (function_expression return_type: (_)? @holds body: (_) @body)
    ])) @function

(ambient_declaration (_) @scope)
(import_statement
  (import_require_clause (identifier) @as source: (string) @from)) @import
(module name: (_) @name body: (_) @body) @module
(internal_module name: (_) @name body: (_) @body) @module
(expression_statement (internal_module name: (_) @name body: (_) @body)) @module

(class_declaration name: (type_identifier) @name (class_heritage)? @bases body: (_) @body) @class
(abstract_class_declaration
  name: (type_identifier) @name
  (class_heritage)? @bases
  body: (_) @body) @class
(interface_declaration
  name: (type_identifier) @name
  (extends_type_clause)? @bases
  body: (_) @body) @class
(enum_declaration name: (identifier) @name body: (_) @body) @class
(property_identifier) @name @field
(enum_assignment name: (_) @name) @field
(type_alias_declaration name: (type_identifier) @name) @type

(function_signature name: (identifier) @name return_type: (_)? @holds) @function
(abstract_method_signature name: (_) @name return_type: (_)? @holds) @function
(method_signature name: (_) @name return_type: (_)? @holds) @function
(property_signature name: (_) @name type: (_)? @holds) @field

(public_field_definition
  name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
(public_field_definition
  name: (_) @name
  type: (_)? @holds
  value: [
    (array) (as_expression) (binary_expression) (call_expression) (false) (identifier)
    (member_expression) (null) (number) (object) (regex) (string) (template_string) (true)
    (unary_expression) (undefined)
    (new_expression constructor: (_) @made)
  ]) @field
(public_field_definition name: (_) @name type: (_)? @holds !value) @field
(method_definition
  parameters: (formal_parameters
    (_ (accessibility_modifier) pattern: (identifier) @name type: (_)? @holds) @field))

((lexical_declaration
  (variable_declarator
    name: (identifier) @name
    type: (_)? @holds
    value: [
      (array) (as_expression) (await_expression) (binary_expression) (call_expression) (false)
      (identifier) (member_expression) (non_null_expression) (null) (number) (regex)
      (satisfies_expression) (string) (subscript_expression) (template_string)
      (ternary_expression) (true) (unary_expression) (undefined)
      (new_expression constructor: (_) @made)
      (object) @members
    ] @_value)) @variable
  (#not-match? @_value "^require\\("))
((variable_declaration
  (variable_declarator
    name: (identifier) @name
    type: (_)? @holds
    value: [
      (array) (binary_expression) (call_expression) (identifier) (member_expression) (number)
      (string)
      (new_expression constructor: (_) @made)
      (object) @members
    ] @_value)) @variable
  (#not-match? @_value "^require\\("))
(lexical_declaration
  (variable_declarator name: (identifier) @name type: (_)? @holds !value)) @variable
(variable_declaration
  (variable_declarator name: (identifier) @name type: (_)? @holds !value)) @variable
