((call
  function: (identifier) @_function
  arguments: (arguments . (argument value: [(identifier) (string)] @from))) @import
  (#any-of? @_function "library" "require" "source" "requireNamespace"))

((binary_operator
  lhs: [(identifier) (string)] @name
  operator: _ @_operator
  rhs: (function_definition body: (_) @body)) @function
  (#any-of? @_operator "<-" "=" "<<-"))
((binary_operator
  lhs: [(identifier) (string)] @name
  operator: _ @_operator
  rhs: [
    (binary_operator) (braced_expression) (extract_operator) (false) (float) (identifier)
    (integer) (namespace_operator) (null) (string) (true) (unary_operator)
  ]) @variable
  (#any-of? @_operator "<-" "=" "<<-"))
((binary_operator
  lhs: [(identifier) (string)] @name
  rhs: (call function: (_) @_callee)) @variable
  (#not-match? @_callee "(^|:)(R6Class|setRefClass|setClass)$"))
((binary_operator
  lhs: (identifier) @name
  rhs: (call function: (_) @_callee arguments: (arguments) @members)) @class
  (#match? @_callee "(^|:)(R6Class|setRefClass|setClass)$"))

; What R6 and reference classes list.
((argument
  name: (identifier) @_name
  value: (call arguments: (arguments) @scope))
  (#any-of? @_name "public" "private" "active" "fields" "methods" "representation"))
((argument name: (identifier) @_name value: [(identifier) (namespace_operator)] @extends)
  (#eq? @_name "inherit"))
(argument
  name: (identifier) @name
  value: (function_definition body: (_) @body)) @function

((call
  function: (identifier) @_function
  arguments: (arguments . (argument value: (string) @name))) @function
  (#any-of? @_function "setGeneric" "setMethod" "setValidity"))
((call
  function: (identifier) @_function
  arguments: (arguments . (argument value: (string) @name))) @class
  (#any-of? @_function "setClass" "setRefClass"))
