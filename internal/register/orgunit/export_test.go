package orgunit

// Build builds the register anew, for benchmarks.
func Build() (*Register, error) {
	f, err := embeddedFacts()
	if err != nil {
		return nil, err
	}
	r, _, err := build(f)
	return r, err
}
