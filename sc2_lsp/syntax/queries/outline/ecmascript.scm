(import_statement (import_clause (identifier) @default) source: (string) @from) @import
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @take alias: (_)? @as)))
  source: (string) @from) @import
(import_statement
  (import_clause (namespace_import (identifier) @as))
  source: (string) @from) @import
(import_statement . source: (string) @from) @import
(export_statement
  (export_clause (export_specifier name: (_) @take alias: (_)? @as))
  source: (string) @from) @import
(export_statement "*" @take source: (string) @from) @import
(lexical_declaration
  (variable_declarator
    name: [
      (identifier) @as
      (object_pattern (shorthand_property_identifier_pattern) @take)
      (object_pattern (pair_pattern key: (_) @take value: (identifier) @as))
    ]
    value: (call_expression
      function: (identifier) @_require
      arguments: (arguments . (string) @from)))
  (#eq? @_require "require")) @import
(variable_declaration
  (variable_declarator
    name: [
      (identifier) @as
      (object_pattern (shorthand_property_identifier_pattern) @take)
      (object_pattern (pair_pattern key: (_) @take value: (identifier) @as))
    ]
    value: (call_expression
      function: (identifier) @_require
      arguments: (arguments . (string) @from)))
  (#eq? @_require "require")) @import

(export_statement declaration: (_) @scope)
(export_statement value: (object) @scope)
(export_statement value: (call_expression arguments: (arguments . (object) @scope)))
; The wrappers of modules that are older than modules.
(expression_statement
  (call_expression
    function: (parenthesized_expression (_ body: (statement_block) @scope))))

(method_definition
  name: (_) @_name
  parameters: (_) @parameters
  body: (_) @fields
  (#eq? @_name "constructor"))

(lexical_declaration
  (variable_declarator
    name: (identifier) @name
    value: (class (class_heritage)? @bases body: (_) @body))) @class

(expression_statement
  (assignment_expression
    left: (member_expression) @path
    right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @function
((expression_statement
  (assignment_expression
    left: (member_expression object: (_) @_object) @path
    right: [
      (array) (call_expression) (identifier) (member_expression) (new_expression) (number)
      (object) (string) (template_string)
    ])) @variable
  (#any-of? @_object "exports" "module.exports"))
((expression_statement
  (assignment_expression left: (member_expression) @_left right: (object) @scope))
  (#eq? @_left "module.exports"))
(pair
  key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
; Where components and stores keep their functions.
((pair key: (property_identifier) @outer value: (object) @scope)
  (#any-of? @outer "methods" "computed" "actions" "mutations" "getters" "reducers" "watch"))

; Fields, in the body of a constructor.
(expression_statement
  (assignment_expression
    left: (member_expression object: (this) property: (property_identifier) @name)
    right: [
      (new_expression constructor: (_) @made)
      (identifier) @given
      (_)
    ])) @field
