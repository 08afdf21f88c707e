(typed_parameter . (identifier) @name type: (type) @holds) @binding
(typed_default_parameter name: (identifier) @name type: (type) @holds) @binding
(assignment left: [(identifier) (attribute)] @name type: (type) @holds) @binding
(assignment
  left: [(identifier) (attribute)] @name
  !type
  right: (call function: [(identifier) (attribute)] @made)) @binding
(assignment
  left: [(identifier) (attribute)] @name
  !type
  right: (await (call function: [(identifier) (attribute)] @made))) @binding
(named_expression name: (identifier) @name value: (call function: (_) @made)) @binding
(as_pattern
  . (call function: [(identifier) (attribute)] @made)
  alias: (as_pattern_target (identifier) @name)) @binding
