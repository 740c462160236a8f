package citybench

import "context"

// processParts measure what services are declared of; each stands in a file of its own.
func processParts() []Part { return []Part{processStep, processForm, processLint} }

// declared runs the parts one after the other.
func declared(more []Part) Part {
	return func(ctx context.Context, o Options) ([]Row, error) {
		var rows []Row
		for _, part := range append(processParts(), more...) {
			found, err := part(ctx, o)
			rows = append(rows, found...)
			if err != nil {
				return rows, err
			}
		}
		return rows, nil
	}
}
