package db

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// bindAll appends the arguments to dst as the few types that both engines take.
// The caller's own slice is left alone: it may be shared.
func bindAll(dst, args []any) ([]any, error) {
	for i, a := range args {
		switch a.(type) {
		case nil, int64, string, []byte, bool, float64:
			dst = append(dst, a)
			continue
		}
		v, err := bind(a)
		if err != nil {
			return dst, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// bind gives nil, int64, float64, string, []byte or bool.
func bind(a any) (any, error) {
	switch v := a.(type) {
	case nil, int64, string, []byte, bool, float64:
		return v, nil
	case int:
		return int64(v), nil
	case json.RawMessage:
		if v == nil {
			return nil, nil
		}
		return string(v), nil
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
		return rv.String(), nil
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
		return rv.Float(), nil
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return rv.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("a %T cannot be stored", a)
}
