package xorset_test

import (
	"strconv"
	"testing"

	"khue/internal/kernel/auth/xorset"
)

func TestWhatIsInIsFoundAndLittleElse(t *testing.T) {
	texts := make([]string, 50_000)
	for i := range texts {
		texts[i] = "in" + strconv.Itoa(i)
	}
	built, err := xorset.Build(texts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := xorset.Parse(built.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !s.Has(text) {
			t.Fatalf("%s is lost", text)
		}
	}
	wrong := 0
	for i := range 100_000 {
		if s.Has("out" + strconv.Itoa(i)) {
			wrong++
		}
	}
	if wrong > 600 {
		t.Errorf("%d of 100,000 others are found, want about 390", wrong)
	}
	if _, err := xorset.Parse(built.Bytes()[:100]); err == nil {
		t.Error("a cut file was taken")
	}
}
