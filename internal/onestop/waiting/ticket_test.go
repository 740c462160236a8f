package waiting

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"khue/internal/kernel/clock"
)

// TestTicketsAreThisCitysAlone: a ticket that was changed in any byte, written with another
// secret or for another opening is none.
func TestTicketsAreThisCitysAlone(t *testing.T) {
	t.Parallel()
	secret, other := make([]byte, 32), append(make([]byte, 31), 1)
	want := Ticket{ID: 1 << 60, Account: 77, Arrived: clock.MustDate("2026-07-01").At(0, 0).Add(-time.Minute)}
	text := sign(secret, 5, want)
	if got, ok := verify(secret, 5, text); !ok || got.ID != want.ID || got.Account != want.Account || !got.Arrived.Equal(want.Arrived) {
		t.Fatalf("read %+v %v, want %+v", got, ok, want)
	}
	if _, ok := verify(secret, 6, text); ok {
		t.Error("a ticket holds for another opening")
	}
	if _, ok := verify(other, 5, text); ok {
		t.Error("a ticket holds under another secret")
	}
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	for i := range raw {
		bad := slices.Clone(raw)
		bad[i] ^= 1
		if _, ok := verify(secret, 5, base64.RawURLEncoding.EncodeToString(bad)); ok {
			t.Errorf("a ticket whose byte %d was changed holds", i)
		}
	}
	for _, bad := range []string{"", "x", text[1:], text + "A"} {
		if _, ok := verify(secret, 5, bad); ok {
			t.Errorf("%q is taken for a ticket", bad)
		}
	}
}

// TestOrder: coming early gains nothing over coming a little less early, every draw is another,
// and after the opening the order of arrival holds.
func TestOrder(t *testing.T) {
	t.Parallel()
	from := clock.MustDate("2026-07-01").At(0, 0)
	seed := []byte("a seed of this test")
	at := func(id int64, d time.Duration) int64 { return Order(seed, from, Ticket{ID: id, Arrived: from.Add(d)}) }
	if at(1, -time.Hour) != at(1, -time.Millisecond) {
		t.Error("who came earlier before the opening stands elsewhere")
	}
	inOrder := 0
	for id := int64(1); id < 2000; id++ {
		if at(id, -time.Minute) >= at(id, 0) {
			t.Fatal("somebody who came after the opening stands before one who came before it")
		}
		if at(id, -time.Minute) < at(id+1, -time.Minute) {
			inOrder++
		}
		if at(id, time.Duration(id)*time.Millisecond) >= at(id*7%2000, time.Duration(id+1)*time.Millisecond) {
			t.Fatal("who came a millisecond later stands before")
		}
	}
	if inOrder < 900 || inOrder > 1100 {
		t.Errorf("%d of 2000 neighbours stand in the order in which they came: that is no draw", inOrder)
	}
	if Order([]byte("another"), from, Ticket{ID: 1, Arrived: from.Add(-1)}) == at(1, -1) {
		t.Error("the order does not follow from the seed")
	}
	if far := at(1, 100*365*24*time.Hour); far <= at(1, time.Hour) {
		t.Error("a late arrival overflows")
	}
}
