(function_declaration name: (identifier) @name body: (_) @body) @function
(generator_function_declaration name: (identifier) @name body: (_) @body) @function
(method_definition name: (_) @name body: (_) @body) @function
(lexical_declaration
  (variable_declarator
    name: (identifier) @name
    value: [
      (arrow_function body: (_) @body)
      (function_expression body: (_) @body)
      (generator_function body: (_) @body)
    ])) @function
(variable_declaration
  (variable_declarator
    name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @function

(class_declaration name: (identifier) @name (class_heritage)? @bases body: (_) @body) @class

(field_definition
  property: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
(field_definition
  property: (_) @name
  value: [
    (array) (call_expression) (false) (identifier) (member_expression) (null) (number) (object)
    (regex) (string) (template_string) (true) (unary_expression) (binary_expression)
    (new_expression constructor: (_) @made)
  ]) @field
(field_definition property: (_) @name !value) @field

((lexical_declaration
  (variable_declarator
    name: (identifier) @name
    value: [
      (array) (await_expression) (binary_expression) (call_expression) (false) (identifier)
      (jsx_element) (member_expression) (null) (number) (regex) (string) (subscript_expression)
      (template_string) (ternary_expression) (true) (unary_expression)
      (new_expression constructor: (_) @made)
      (object) @members
    ] @_value)) @variable
  (#not-match? @_value "^require\\("))
((variable_declaration
  (variable_declarator
    name: (identifier) @name
    value: [
      (array) (binary_expression) (call_expression) (false) (identifier) (member_expression)
      (null) (number) (regex) (string) (subscript_expression) (template_string)
      (ternary_expression) (true) (unary_expression)
      (new_expression constructor: (_) @made)
      (object) @members
    ] @_value)) @variable
  (#not-match? @_value "^require\\("))
(lexical_declaration (variable_declarator name: (identifier) @name !value)) @variable
(variable_declaration (variable_declarator name: (identifier) @name !value)) @variable
