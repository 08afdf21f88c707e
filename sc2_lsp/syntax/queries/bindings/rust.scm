(parameter pattern: (identifier) @name type: (_) @holds) @binding
(parameter pattern: (mut_pattern (identifier) @name) type: (_) @holds) @binding
(let_declaration pattern: (identifier) @name type: (_) @holds) @binding
(let_declaration
  pattern: (identifier) @name
  value: [
    (call_expression function: (scoped_identifier path: (_) @made))
    (try_expression (call_expression function: (scoped_identifier path: (_) @made)))
    (struct_expression name: (_) @made)
  ]) @binding
