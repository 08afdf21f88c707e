(variable_declarator
  name: (identifier) @name
  value: [
    (new_expression constructor: (_) @made)
    (await_expression (new_expression constructor: (_) @made))
  ]) @binding
(assignment_expression
  left: [(identifier) (member_expression)] @name
  right: (new_expression constructor: (_) @made)) @binding
