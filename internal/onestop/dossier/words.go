package dossier

import (
	"strings"
	"sync"

	"khue/internal/kernel/db"
)

// vocabulary remembers which words of names stand in the table, so that only a new one is
// written. Names share a few thousand syllables.
type vocabulary struct {
	mu    sync.RWMutex
	known map[string]bool
}

// vocabularyKept bounds what is remembered; then it begins anew.
const vocabularyKept = 100_000

// learn writes the words of names among a row's words that are new.
func (v *vocabulary) learn(tx *db.Tx, words string) error {
	var fresh []string
	v.mu.RLock()
	for w := range strings.FieldsSeq(words) {
		if w[0] > '9' && !v.known[w] {
			fresh = append(fresh, w)
		}
	}
	v.mu.RUnlock()
	for _, w := range fresh {
		if err := insertWord(tx, w); err != nil {
			return err
		}
	}
	if len(fresh) > 0 {
		tx.AfterCommit(func() { v.keep(fresh) })
	}
	return nil
}

func (v *vocabulary) keep(words []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known) > vocabularyKept {
		v.known = make(map[string]bool, len(words))
	}
	for _, w := range words {
		v.known[w] = true
	}
}

// mostMeant bounds the words that the beginning of one stands for; a shorter beginning is
// left to the index.
const mostMeant = 64

// meant puts the words that begin like the last one asked for in its place. The index reads
// lists of words lazily, the youngest dossier first, and must join all lists of a beginning.
func (a asking) meant(q db.Querier) error {
	t := a.last()
	if !t.prefix {
		return nil
	}
	w := t.any[len(t.any)-1]
	words, err := wordsFrom(q, w, mostMeant+1)
	if err != nil || len(words) == 0 || len(words) > mostMeant {
		return err
	}
	t.any, t.prefix = append(t.any[:len(t.any)-1], words...), false
	return nil
}
