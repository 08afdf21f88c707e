(import (qualified_identifier) @path . (identifier)? @as) @import

(class_declaration
  name: (identifier) @name
  (primary_constructor (class_parameters) @members)?
  (delegation_specifiers)? @bases
  [(class_body) (enum_class_body)]? @body) @class
(object_declaration
  name: (identifier) @name
  (delegation_specifiers)? @bases
  (class_body)? @body) @class
(companion_object (class_body) @scope)

(function_declaration
  ((_) @outer . ".")?
  name: (identifier) @name
  (function_value_parameters)
  .
  [(user_type) (nullable_type) (function_type)]? @holds
  (function_body)? @body) @function

(property_declaration
  (variable_declaration (identifier) @name (_)? @holds)
  (call_expression . (identifier) @made)?) @variable
(class_parameter
  ["val" "var"]
  (identifier) @name
  .
  (_) @holds) @field
(enum_entry . (identifier) @name) @field
(type_alias type: (identifier) @name) @type
