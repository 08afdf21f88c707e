(parameter type: (_) @holds name: (identifier) @name) @binding
(foreach_statement type: (_) @holds left: (identifier) @name) @binding
(variable_declaration
  type: (_) @holds
  (variable_declarator name: (identifier) @name)) @binding
(variable_declarator
  name: (identifier) @name
  (object_creation_expression type: (_) @made)) @binding
(declaration_expression type: (_) @holds name: (identifier) @name) @binding
(declaration_pattern type: (_) @holds name: (identifier) @name) @binding
