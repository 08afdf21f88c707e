(namespace_definition name: (_) @name body: (_) @body) @module
(namespace_definition !name body: (_) @scope)
(alias_declaration name: (type_identifier) @name) @type
(template_declaration (alias_declaration name: (type_identifier) @name)) @type
(concept_definition name: (identifier) @name) @type
(template_declaration (concept_definition name: (identifier) @name)) @type

(class_specifier
  name: [(type_identifier) (template_type)] @path
  (base_class_clause)? @bases
  body: (_) @body) @class
(struct_specifier
  name: (type_identifier) @name
  (base_class_clause) @bases
  body: (_) @body) @class
(template_declaration
  (class_specifier name: (_) @path (base_class_clause)? @bases body: (_) @body)) @class
(template_declaration
  (struct_specifier name: (_) @path (base_class_clause)? @bases body: (_) @body)) @class
(declaration
  type: (class_specifier name: (_) @path (base_class_clause)? @bases body: (_) @body) @class)

; Methods inside a class, and functions whose name says where they belong.
(function_definition
  declarator: [
    (function_declarator
      declarator: [
        (qualified_identifier) (field_identifier) (destructor_name) (operator_name)
        (template_function)
      ] @path)
    (_ (function_declarator
      declarator: [(qualified_identifier) (field_identifier) (operator_name)] @path))
  ]
  [
    body: (_) @body
    (try_statement) @body
    (default_method_clause)
    (delete_method_clause)
    (pure_virtual_clause)
  ]) @function @typed
(function_definition
  declarator: (reference_declarator (function_declarator declarator: (identifier) @name))
  body: (_) @body) @function @typed
(function_definition declarator: (operator_cast) @name body: (_) @body) @function

(field_declaration
  declarator: [
    (function_declarator declarator: [(field_identifier) (operator_name)] @name)
    (_ (function_declarator declarator: [(field_identifier) (operator_name)] @name))
  ]) @function @typed
(declaration
  declarator: (function_declarator declarator: (destructor_name) @name)) @function
(declaration
  declarator: (reference_declarator
    (function_declarator declarator: (identifier) @name))) @function @typed
(declaration
  declarator: (reference_declarator (function_declarator declarator: (qualified_identifier) @path)))
  @function @typed
(field_declaration
  declarator: (reference_declarator (field_identifier) @name)) @field @typed
(field_declaration
  type: [
    (class_specifier name: (_) @path (base_class_clause)? @bases body: (_) @body)
    (struct_specifier name: (_) @path (base_class_clause)? @bases body: (_) @body)
    (enum_specifier name: (_) @path body: (_) @body)
    (union_specifier name: (_) @path body: (_) @body)
  ]) @class

(template_declaration
  (function_definition
    type: (_)? @holds
    declarator: [
      (function_declarator declarator: (_) @path)
      (_ (function_declarator declarator: (_) @path))
    ]
    body: (_) @body)) @function
(template_declaration
  (declaration
    type: (_)? @holds
    declarator: [
      (function_declarator declarator: (_) @path)
      (_ (function_declarator declarator: (_) @path))
    ])) @function
