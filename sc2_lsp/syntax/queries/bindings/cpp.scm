(parameter_declaration
  type: (_) @holds
  declarator: (reference_declarator (identifier) @name)) @binding
(declaration
  type: (_) @holds
  declarator: (init_declarator declarator: (reference_declarator (identifier) @name))) @binding
(init_declarator
  declarator: [(identifier) @name (_ (identifier) @name)]
  value: [
    (new_expression type: (_) @holds)
    (call_expression function: (qualified_identifier
      name: (template_function arguments: (template_argument_list . (_) @holds))))
    (call_expression function: (template_function
      arguments: (template_argument_list . (_) @holds)))
    (call_expression function: (identifier) @made)
  ]) @binding
(for_range_loop type: (_) @holds declarator: [(identifier) @name (_ (identifier) @name)]) @binding
