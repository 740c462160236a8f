package db

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
)

// assign copies a SQLite value (nil, int64, float64, string, []byte) into dest.
// Byte slices are handed over, not copied: the connection made them for us.
func assign(dest, v any) error {
	switch d := dest.(type) {
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok {
			*d = int(n)
			return nil
		}
	case *string:
		switch s := v.(type) {
		case string:
			*d = s
			return nil
		case []byte:
			*d = string(s)
			return nil
		}
	case *bool:
		if n, ok := v.(int64); ok {
			*d = n != 0
			return nil
		}
	case *[]byte:
		b, ok := bytesOf(v)
		if ok {
			*d = b
			return nil
		}
	case *json.RawMessage:
		b, ok := bytesOf(v)
		if ok {
			*d = b
			return nil
		}
	case *float64:
		switch f := v.(type) {
		case float64:
			*d = f
			return nil
		case int64:
			*d = float64(f)
			return nil
		}
	case *any:
		*d = v
		return nil
	case sql.Scanner:
		return d.Scan(v)
	}
	return assignKind(dest, v)
}

// bytesOf gives the bytes of a text or blob; NULL is nil.
func bytesOf(v any) ([]byte, bool) {
	switch b := v.(type) {
	case nil:
		return nil, true
	case []byte:
		return b, true
	case string:
		return []byte(b), true
	}
	return nil, false
}

// assignKind serves named types and pointers, which NULL makes nil.
func assignKind(dest, v any) error {
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("db: Scan into %T, which is no pointer", dest)
	}
	e := p.Elem()
	if e.Kind() == reflect.Pointer {
		if v == nil {
			e.SetZero()
			return nil
		}
		n := reflect.New(e.Type().Elem())
		if err := assign(n.Interface(), v); err != nil {
			return err
		}
		e.Set(n)
		return nil
	}
	switch x := v.(type) {
	case int64:
		switch e.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			if e.OverflowInt(x) {
				return fmt.Errorf("db: %d does not fit %s", x, e.Type())
			}
			e.SetInt(x)
			return nil
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			if x < 0 || e.OverflowUint(uint64(x)) {
				return fmt.Errorf("db: %d does not fit %s", x, e.Type())
			}
			e.SetUint(uint64(x))
			return nil
		case reflect.Bool:
			e.SetBool(x != 0)
			return nil
		case reflect.Float32, reflect.Float64:
			e.SetFloat(float64(x))
			return nil
		}
	case float64:
		if e.CanFloat() {
			e.SetFloat(x)
			return nil
		}
	case string:
		if e.Kind() == reflect.String {
			e.SetString(x)
			return nil
		}
		if e.Kind() == reflect.Slice && e.Type().Elem().Kind() == reflect.Uint8 {
			e.SetBytes([]byte(x))
			return nil
		}
	case []byte:
		if e.Kind() == reflect.Slice && e.Type().Elem().Kind() == reflect.Uint8 {
			e.SetBytes(x)
			return nil
		}
	case nil:
		if e.Kind() == reflect.Slice && e.Type().Elem().Kind() == reflect.Uint8 {
			e.SetZero()
			return nil
		}
		return fmt.Errorf("db: NULL into %s; scan into a pointer", e.Type())
	}
	return fmt.Errorf("db: a %T into %s", v, e.Type())
}
