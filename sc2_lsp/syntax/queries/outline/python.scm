(function_definition
  name: (identifier) @name
  return_type: (_)? @holds
  body: (block) @body) @function

(decorated_definition
  definition: (function_definition
    name: (identifier) @name
    return_type: (_)? @holds
    body: (block) @body)) @function

((function_definition
  name: (identifier) @_name
  parameters: (_) @parameters
  body: (block) @fields)
  (#any-of? @_name "__init__" "__post_init__" "setUp"))

(class_definition
  name: (identifier) @name
  superclasses: (argument_list)? @bases
  body: (block) @body) @class

(decorated_definition
  definition: (class_definition
    name: (identifier) @name
    superclasses: (argument_list)? @bases
    body: (block) @body)) @class

(type_alias_statement left: (type (identifier) @name)) @type
(type_alias_statement left: (type (generic_type (identifier) @name))) @type

(expression_statement
  (assignment
    left: (identifier) @name
    type: (type)? @holds
    right: (call function: [(identifier) (attribute)] @made)?)) @variable

(expression_statement
  (assignment left: (pattern_list (identifier) @name))) @variable

; Fields, in the body of a constructor.
(expression_statement
  (assignment
    left: (attribute object: (identifier) @_self attribute: (identifier) @name)
    type: (type)? @holds
    right: [
      (call function: [(identifier) (attribute)] @made)
      (identifier) @given
      (boolean_operator left: (identifier) @given)
      (conditional_expression . (identifier) @given)
      (_)
    ]?) @field
  (#eq? @_self "self"))

(import_statement name: (dotted_name) @from) @import
(import_statement
  name: (aliased_import name: (dotted_name) @from alias: (identifier) @as)) @import
(import_from_statement module_name: (_) @from name: (dotted_name) @take) @import
(import_from_statement
  module_name: (_) @from
  name: (aliased_import name: (dotted_name) @take alias: (identifier) @as)) @import
(import_from_statement module_name: (_) @from (wildcard_import) @take) @import

; What a program does when it is run is nobody's to import.
((if_statement condition: (_) @_condition consequence: (block) @scope)
  (#not-match? @_condition "__name__"))
(if_statement alternative: (_ (block) @scope))
(try_statement body: (block) @scope)
(try_statement (_ (block) @scope))
(with_statement body: (block) @scope)
