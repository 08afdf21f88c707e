; Types are what `@typed` says: as captures of each pattern they would take a third of the time
; that these take to compile for C++.
(preproc_include path: (_) @from) @import

; Without a value it mostly guards a header.
(preproc_def name: (identifier) @name value: (_)) @macro
(preproc_function_def name: (identifier) @name) @macro

(preproc_ifdef) @scope
(preproc_if) @scope
(preproc_else) @scope
(preproc_elif) @scope
(linkage_specification body: (_) @scope)

(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator (function_declarator declarator: (identifier) @name))
    (pointer_declarator (pointer_declarator (function_declarator declarator: (identifier) @name)))
  ]
  body: (_) @body) @function @typed

(declaration
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator (function_declarator declarator: (identifier) @name))
    (pointer_declarator (pointer_declarator (function_declarator declarator: (identifier) @name)))
  ]) @function @typed

(declaration
  declarator: [
    (identifier) @name
    (pointer_declarator (identifier) @name)
    (array_declarator (identifier) @name)
    (pointer_declarator (array_declarator (identifier) @name))
    (init_declarator
      declarator: [
        (identifier) @name
        (pointer_declarator (identifier) @name)
        (array_declarator (identifier) @name)
        (array_declarator (array_declarator (identifier) @name))
        (pointer_declarator (array_declarator (identifier) @name))
      ])
  ]) @variable @typed

(struct_specifier name: (type_identifier) @name body: (_) @body) @class
(union_specifier name: (type_identifier) @name body: (_) @body) @class
(enum_specifier name: (type_identifier) @name body: (_) @body) @class
(enum_specifier !name body: (_) @scope)
(declaration type: (struct_specifier name: (type_identifier) @name body: (_) @body) @class)
(declaration type: (enum_specifier name: (type_identifier) @name body: (_) @body) @class)

(type_definition
  type: (_ body: (_) @body)
  declarator: (type_identifier) @name) @class
(type_definition
  type: (struct_specifier name: (type_identifier) @name body: (_) @body) @class)
(type_definition
  type: (enum_specifier name: (type_identifier) @name body: (_) @body) @class)
(type_definition
  type: [(primitive_type) (sized_type_specifier) (type_identifier) (_ !body)]
  declarator: [
    (type_identifier) @name
    (pointer_declarator (type_identifier) @name)
    (array_declarator (type_identifier) @name)
    (function_declarator (parenthesized_declarator (pointer_declarator (type_identifier) @name)))
  ]) @type

(field_declaration
  declarator: [
    (field_identifier) @name
    (pointer_declarator (field_identifier) @name)
    (pointer_declarator (pointer_declarator (field_identifier) @name))
    (array_declarator (field_identifier) @name)
    (array_declarator (array_declarator (field_identifier) @name))
    (function_declarator (parenthesized_declarator (pointer_declarator (field_identifier) @name)))
  ]) @field @typed
(field_declaration type: (_ !name body: (_) @scope) !declarator)
(enumerator name: (identifier) @name) @field
