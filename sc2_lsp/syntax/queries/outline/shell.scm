((command name: (command_name) @_name argument: (_) @from) @import
  (#any-of? @_name "source" "."))
(function_definition name: (word) @name body: (_) @body) @function
(variable_assignment name: (variable_name) @name) @variable
(declaration_command (variable_assignment name: (variable_name) @name)) @variable
((command name: (command_name) @_name argument: (concatenation . (word) @name)) @function
  (#eq? @_name "alias"))
(if_statement) @scope
