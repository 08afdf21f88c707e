(import_declaration (identifier) @from) @import

(class_declaration
  ["class" "struct" "enum" "actor"]
  name: (type_identifier) @name
  (inheritance_specifier)? @bases_from
  body: (_) @body) @class
(class_declaration "extension" name: (_) @outer body: (_) @scope)
(protocol_declaration
  name: (type_identifier) @name
  (inheritance_specifier)? @bases_from
  body: (_) @body) @class

; With its type and its body as captures this alone would take half a second to compile.
(function_declaration name: (simple_identifier) @name) @function @arrowed
(protocol_function_declaration
  name: (simple_identifier) @name
  ("->" . (_) @holds)?) @function
(init_declaration "init" @name body: (_)? @body) @function
(subscript_declaration "subscript" @name) @function

(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  (type_annotation (_) @holds)?
  value: (call_expression . (simple_identifier) @made)?) @variable
(protocol_property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  (type_annotation (_) @holds)) @field
(enum_entry name: (simple_identifier) @name) @field
(typealias_declaration name: (type_identifier) @name) @type
(associatedtype_declaration name: (type_identifier) @name) @type
