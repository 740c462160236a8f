package db

import (
	"context"
	"errors"
)

func openPostgres(context.Context, *DB, string) (engine, error) {
	return nil, errors.New("db: PostgreSQL is not built yet")
}
