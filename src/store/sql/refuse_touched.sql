{schema}.refuse_touched({key}, {columns}, {old}, {new})
