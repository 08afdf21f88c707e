(statement
  (create_table (object_reference) @path (column_definitions) @body)) @class
(statement (create_table (object_reference) @path (create_query))) @class
(statement (create_view (object_reference) @path)) @class
(statement (create_materialized_view (object_reference) @path)) @class
(statement (create_type (object_reference) @path)) @type
(statement
  (create_function (object_reference) @path (function_body) @body)) @function
(statement (create_procedure (object_reference) @path (procedure_body) @body)) @function
(statement (create_trigger (keyword_trigger) . (object_reference) @path)) @function
(column_definition name: (identifier) @name type: (_)? @holds) @field
(statement
  (alter_table
    (object_reference) @outer
    (add_column (column_definition name: (identifier) @name type: (_)? @holds) @field)))
