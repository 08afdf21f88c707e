((variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @as)
    (expression_list
      . value: (function_call
        name: (identifier) @_require
        arguments: (arguments . (string content: (_) @from))))))
  (#eq? @_require "require")) @import

(function_declaration
  name: [(identifier) (dot_index_expression) (method_index_expression)] @path
  body: (_)? @body) @function
(variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @name)
    (expression_list . value: (function_definition body: (_)? @body)))) @function
(assignment_statement
  (variable_list . name: (_) @path)
  (expression_list . value: (function_definition body: (_)? @body))) @function
(variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @name)
    (expression_list
      . value: [
        (binary_expression) (false) (identifier) (number) (string) (true) (nil)
        (dot_index_expression)
        (table_constructor) @members
      ]))) @variable
(variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @name)
    (expression_list . value: (function_call name: (_) @_callee)))
  (#not-eq? @_callee "require")) @variable
(variable_declaration (variable_list . name: (identifier) @name)) @variable
(assignment_statement
  (variable_list . name: [(identifier) (dot_index_expression)] @path)
  (expression_list
    . value: [
      (binary_expression) (false) (identifier) (number) (string) (true) (nil) (function_call)
      (dot_index_expression)
      (table_constructor) @members
    ])) @variable
(field name: (identifier) @name value: (function_definition body: (_)? @body)) @function
(field
  name: (identifier) @name
  value: [
    (binary_expression) (false) (identifier) (number) (string) (true) (nil) (function_call)
    (dot_index_expression) (table_constructor)
  ]) @field
