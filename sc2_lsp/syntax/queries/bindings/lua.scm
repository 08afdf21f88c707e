((assignment_statement
  (variable_list . name: (_) @name)
  (expression_list . value: (function_call name: [
    (dot_index_expression table: (_) @made field: (identifier) @_new)
    (method_index_expression table: (_) @made method: (identifier) @_new)
  ])))
  (#eq? @_new "new")) @binding
