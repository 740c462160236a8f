package form

import (
	"maps"
	"slices"
)

// TypeNames are the field types that a form may name, for references and editors.
func TypeNames() []string {
	return slices.DeleteFunc(typeNames(), func(n string) bool { return slices.Contains(inner, n) })
}

// ListNames are the code lists that every form may use.
func ListNames() []string { return slices.Sorted(maps.Keys(builtinLists)) }

// PartNames are the parts of the composite types.
func PartNames() []string {
	var out []string
	for _, parts := range composites {
		for _, p := range parts {
			out = append(out, p.id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
