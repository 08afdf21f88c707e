(import_declaration [(scoped_identifier) (identifier)] @path .) @import
(import_declaration (_) @from (asterisk) @take) @import

(class_declaration
  name: (identifier) @name
  superclass: (_)? @bases
  interfaces: (_)? @bases
  body: (_) @body) @class
(interface_declaration
  name: (identifier) @name
  (extends_interfaces)? @bases
  body: (_) @body) @class
(enum_declaration
  name: (identifier) @name
  interfaces: (_)? @bases
  body: (_) @body) @class
(record_declaration
  name: (identifier) @name
  parameters: (_) @members
  interfaces: (_)? @bases
  body: (_) @body) @class
(annotation_type_declaration name: (identifier) @name body: (_) @body) @class

(method_declaration
  type: (_) @holds
  name: (identifier) @name
  body: (_)? @body) @function
(constructor_declaration name: (identifier) @name body: (_) @body) @function
(compact_constructor_declaration name: (identifier) @name body: (_) @body) @function
(annotation_type_element_declaration type: (_) @holds name: (identifier) @name) @function

(field_declaration
  type: (_) @holds
  declarator: (variable_declarator name: (identifier) @name)) @field
(constant_declaration
  type: (_) @holds
  declarator: (variable_declarator name: (identifier) @name)) @field
(formal_parameter type: (_) @holds name: (identifier) @name) @field
(enum_constant name: (identifier) @name) @field
(enum_body_declarations) @scope
