(relation (object_reference) @holds alias: (identifier) @name) @binding
