package db

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/errs"
)

// bindAll appends the arguments to dst as the few types that both engines take.
// The caller's own slice is left alone: it may be shared.
func bindAll(dst, args []any) ([]any, error) {
	for i, a := range args {
		var err error
		switch v := a.(type) {
		case nil, int64, []byte, bool:
		case string:
			err = checkText(v)
		default:
			a, err = bind(a)
		}
		if err != nil {
			return dst, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		dst = append(dst, a)
	}
	return dst, nil
}

// checkText refuses what PostgreSQL cannot store and SQLite would.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return errs.E(errs.Invalid, "db.text")
	}
	return nil
}

// bind gives nil, int64, float64, string, []byte or bool.
func bind(a any) (any, error) {
	switch v := a.(type) {
	case nil, int64, []byte, bool:
		return v, nil
	case string:
		return v, checkText(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v cannot be stored", v) // SQLite would make it NULL
		}
		return v, nil
	case int:
		return int64(v), nil
	case json.RawMessage:
		if v == nil {
			return nil, nil
		}
		if bytes.Contains(v, []byte(`\u0000`)) { // no text on PostgreSQL
			return nil, errs.E(errs.Invalid, "db.text")
		}
		return string(v), checkText(string(v))
	case time.Time, *time.Time:
		return nil, fmt.Errorf("a time.Time is not stored; use db.Millis")
	}
	rv := reflect.ValueOf(a)
	if rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil, nil
	}
	if v, ok := a.(driver.Valuer); ok {
		dv, err := v.Value()
		if err != nil {
			return nil, err
		}
		return bind(dv)
	}
	switch rv.Kind() {
	case reflect.Pointer:
		return bind(rv.Elem().Interface())
	case reflect.String:
		return rv.String(), checkText(rv.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := rv.Uint(); u <= 1<<63-1 {
			return int64(u), nil //nolint:gosec // checked
		}
		return nil, fmt.Errorf("%d does not fit 64 signed bits", rv.Uint())
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.Float32, reflect.Float64:
		return bind(rv.Float())
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return rv.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("a %T cannot be stored", a)
}
