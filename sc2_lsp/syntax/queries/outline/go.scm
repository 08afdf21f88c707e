(import_declaration (import_spec name: (_)? @as path: (_) @from)) @import
(import_declaration (import_spec_list (import_spec name: (_)? @as path: (_) @from) @import))

(function_declaration
  name: (identifier) @name
  result: (_)? @holds
  body: (block)? @body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: (_) @outer))
  name: (field_identifier) @name
  result: (_)? @holds
  body: (block)? @body) @method

((type_declaration
  (type_spec
    name: (type_identifier) @name
    type: [
      (struct_type (field_declaration_list) @body)
      (interface_type) @members
    ])) @class
  (#not-match? @class "^type\\s*\\("))
(type_declaration
  "("
  (type_spec
    name: (type_identifier) @name
    type: [
      (struct_type (field_declaration_list) @body)
      (interface_type) @members
    ]) @class)
((type_declaration
  (type_spec
    name: (type_identifier) @name
    type: [
      (array_type) (channel_type) (function_type) (generic_type) (map_type) (pointer_type)
      (qualified_type) (slice_type) (type_identifier)
    ])) @type
  (#not-match? @type "^type\\s*\\("))
(type_declaration
  "("
  (type_spec
    name: (type_identifier) @name
    type: [
      (array_type) (channel_type) (function_type) (generic_type) (map_type) (pointer_type)
      (qualified_type) (slice_type) (type_identifier)
    ]) @type)
(type_declaration (type_alias name: (type_identifier) @name)) @type

(field_declaration name: (field_identifier) @name type: (_) @holds) @field
(field_declaration !name type: (_) @extends)
(method_elem name: (field_identifier) @name result: (_)? @holds) @function
(type_elem [(qualified_type) (type_identifier) (generic_type)] @extends)

((const_declaration (const_spec name: (identifier) @name type: (_)? @holds)) @variable
  (#not-match? @variable "^const\\s*\\("))
(const_declaration "(" (const_spec name: (identifier) @name type: (_)? @holds) @variable)
(var_declaration (var_spec name: (identifier) @name type: (_)? @holds)) @variable
(var_declaration (var_spec_list (var_spec name: (identifier) @name type: (_)? @holds) @variable))
