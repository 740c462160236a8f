package filecheck

import (
	"slices"
	"strings"
)

// Kind is what a file is: pdf, jpg, png, docx, xlsx.
type Kind string

// The kinds that can be kept.
const (
	PDF  Kind = "pdf"
	JPG  Kind = "jpg"
	PNG  Kind = "png"
	DOCX Kind = "docx"
	XLSX Kind = "xlsx"
)

type kindInfo struct {
	kind     Kind
	media    string
	endings  []string
	declared []string // what browsers say of it; nothing and octet-stream always pass
	picture  bool
}

//nolint:gochecknoglobals // immutable table
var kinds = []kindInfo{
	{PDF, "application/pdf", []string{".pdf"}, []string{"application/pdf", "application/x-pdf"}, false},
	{JPG, "image/jpeg", []string{".jpg", ".jpeg", ".jpe", ".jfif"}, []string{"image/jpeg", "image/jpg", "image/pjpeg"}, true},
	{PNG, "image/png", []string{".png"}, []string{"image/png", "image/x-png"}, true},
	{
		DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		[]string{".docx"},
		[]string{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip", "application/x-zip-compressed", "application/msword"}, false,
	},
	{
		XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		[]string{".xlsx"},
		[]string{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip", "application/x-zip-compressed", "application/vnd.ms-excel"}, false,
	},
}

func info(k Kind) kindInfo {
	for _, i := range kinds {
		if i.kind == k {
			return i
		}
	}
	return kindInfo{}
}

// Kinds are the names of all kinds that can be kept.
func Kinds() []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k.kind)
	}
	return out
}

// MediaType is the media type of a kind; application/octet-stream for an unknown one.
func MediaType(kind string) string {
	if m := info(Kind(kind)).media; m != "" {
		return m
	}
	return "application/octet-stream"
}

// Endings are the file endings of a kind, with their dot.
func Endings(kind string) []string { return slices.Clone(info(Kind(kind)).endings) }

// kindOfName is the kind that a file's ending claims; "" for an ending of no kind.
func kindOfName(name string) Kind {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	end := strings.ToLower(name[i:])
	for _, k := range kinds {
		if slices.Contains(k.endings, end) {
			return k.kind
		}
	}
	return ""
}
