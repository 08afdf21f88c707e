(parameter (identifier) @name (_) @holds) @binding
(class_parameter (identifier) @name . (_) @holds) @binding
(variable_declaration (identifier) @name (_) @holds) @binding
(property_declaration
  (variable_declaration . (identifier) @name .)
  (call_expression . (identifier) @made)) @binding
