(formal_parameter type: (_) @holds name: (identifier) @name) @binding
(enhanced_for_statement type: (_) @holds name: (identifier) @name) @binding
(resource type: (_) @holds name: (identifier) @name) @binding
(local_variable_declaration
  type: (_) @holds
  declarator: (variable_declarator name: (identifier) @name)) @binding
(local_variable_declaration
  declarator: (variable_declarator
    name: (identifier) @name
    value: (object_creation_expression type: (_) @made))) @binding
