(required_parameter pattern: (identifier) @name type: (_) @holds) @binding
(optional_parameter pattern: (identifier) @name type: (_) @holds) @binding
(variable_declarator name: (identifier) @name type: (_) @holds) @binding
(variable_declarator
  name: (identifier) @name
  value: (as_expression (_) (_) @holds)) @binding
