package catalog

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// A file is read to its end or refused; no content of it panics, and what is taken
// has a valid code, a name and a kind.
func FuzzOpen(f *testing.F) {
	f.Add("code,name\n1.000001,x\n")
	f.Add(rowColumns + "\n1.000001,a,b,c,d,e,xa,STANDARD,1,0,0,g,3 DAY,ONLINE=1 OTHER [FEE:0] | DIRECT=x [ | y OTHER [],1,r,s,d,p,i\n")
	f.Add(`{"code":"1.000001","name":"x","type":"STANDARD","executionMethods":[{"submissionMethod":"ONLINE","processingTime":"1","processingTimeUnit":"DAY","fees":[{"value":0}]}]}`)
	f.Add("{}\n{\"code\":1}\n[")
	f.Fuzz(func(t *testing.T, s string) {
		next, _, err := open(strings.NewReader(s))
		if err != nil {
			return
		}
		for {
			e, err := next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				return
			}
			if len(e.refused) == 0 && (!e.code.Valid() || e.summary.Name == "" || e.summary.Kind == "") {
				t.Fatalf("taken: %+v", e.summary)
			}
			e.doubts()
		}
	})
}
