(using_directive !name (_) @from) @import
(using_directive name: (identifier) @as (_) @path) @import

(namespace_declaration body: (_) @scope)
(preproc_if) @scope
(preproc_else) @scope

(class_declaration
  name: (identifier) @name
  (parameter_list)? @members
  (base_list)? @bases
  body: (_) @body) @class
(struct_declaration
  name: (identifier) @name
  (parameter_list)? @members
  (base_list)? @bases
  body: (_) @body) @class
(record_declaration
  name: (identifier) @name
  (parameter_list)? @members
  (base_list)? @bases
  body: (_)? @body) @class
(interface_declaration name: (identifier) @name (base_list)? @bases body: (_) @body) @class
(enum_declaration name: (identifier) @name body: (_) @body) @class
(enum_member_declaration name: (identifier) @name) @field
(delegate_declaration type: (_) @holds name: (identifier) @name) @type

(method_declaration
  returns: (_) @holds
  name: (identifier) @name
  body: (_)? @body) @function
(constructor_declaration name: (identifier) @name body: (_)? @body) @function
(destructor_declaration name: (identifier) @name body: (_)? @body) @function
(global_statement
  (local_function_statement type: (_) @holds name: (identifier) @name body: (_) @body)) @function
(property_declaration type: (_) @holds name: (identifier) @name accessors: (_)? @body) @field
(property_declaration
  type: (_) @holds
  name: (identifier) @name
  value: (arrow_expression_clause)) @field
(event_declaration type: (_) @holds name: (identifier) @name) @field
(field_declaration
  (variable_declaration type: (_) @holds (variable_declarator name: (identifier) @name))) @field
(event_field_declaration
  (variable_declaration type: (_) @holds (variable_declarator name: (identifier) @name))) @field
(parameter type: (_) @holds name: (identifier) @name) @field
