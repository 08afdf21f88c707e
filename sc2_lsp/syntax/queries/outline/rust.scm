(use_declaration argument: (_) @tree) @import

(mod_item name: (identifier) @name body: (_) @body) @module
(foreign_mod_item body: (_) @scope)
(impl_item type: (_) @outer body: (_) @scope)

(struct_item name: (type_identifier) @name body: (field_declaration_list) @body) @class
(struct_item
  name: (type_identifier) @name
  body: (ordered_field_declaration_list)) @class
(struct_item name: (type_identifier) @name !body) @class
(union_item name: (type_identifier) @name body: (_) @body) @class
(enum_item name: (type_identifier) @name body: (_) @body) @class
(trait_item name: (type_identifier) @name bounds: (_)? @bases body: (_) @body) @class

(function_item name: (_) @name return_type: (_)? @holds body: (_) @body) @function
(function_signature_item name: (_) @name return_type: (_)? @holds) @function
(macro_definition name: (identifier) @name) @macro

(type_item name: (type_identifier) @name) @type
(associated_type name: (type_identifier) @name) @type
(const_item name: (identifier) @name type: (_) @holds) @variable
(static_item name: (identifier) @name type: (_) @holds) @variable
(field_declaration name: (field_identifier) @name type: (_) @holds) @field
(enum_variant name: (identifier) @name) @field
