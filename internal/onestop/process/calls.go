package process

// CallInfo is the opening of a child dossier, as declared.
type CallInfo struct {
	Step    string
	Service string
	In      []string // answers of the child that it fills
	Out     []string // what it takes from the child's answers
}

// Calls are the openings of child dossiers, in the order of the file.
func (d *Def) Calls() []CallInfo {
	var out []CallInfo
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.kind != kChild {
			continue
		}
		c := CallInfo{Step: n.info.ID, Service: n.call.name}
		for _, p := range n.call.in {
			c.In = append(c.In, p.name)
		}
		for _, p := range n.call.out {
			c.Out = append(c.Out, p.name)
		}
		out = append(out, c)
	}
	return out
}
