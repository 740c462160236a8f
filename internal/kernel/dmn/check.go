package dmn

func (c *compiler) checkTable(t *Table, ct *compiledTable) {}
