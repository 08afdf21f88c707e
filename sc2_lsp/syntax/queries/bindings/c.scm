(parameter_declaration
  type: (_) @holds
  declarator: [
    (identifier) @name
    (pointer_declarator (identifier) @name)
    (pointer_declarator (pointer_declarator (identifier) @name))
    (array_declarator (identifier) @name)
  ]) @binding
(declaration
  type: (_) @holds
  declarator: [
    (identifier) @name
    (pointer_declarator (identifier) @name)
    (array_declarator (identifier) @name)
    (init_declarator
      declarator: [
        (identifier) @name
        (pointer_declarator (identifier) @name)
        (array_declarator (identifier) @name)
      ])
  ]) @binding
