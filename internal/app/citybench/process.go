package citybench

import "context"

// processParts measure what services are declared of; each stands in a file of its own.
func processParts() []func(context.Context, Options) ([]Row, error) {
	return []func(context.Context, Options) ([]Row, error){processForm, processLint}
}

// process runs the parts one after the other.
func process(ctx context.Context, o Options) ([]Row, error) {
	var rows []Row
	for _, part := range processParts() {
		found, err := part(ctx, o)
		rows = append(rows, found...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}
