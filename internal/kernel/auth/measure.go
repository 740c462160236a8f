package auth

import (
	"khue/internal/kernel/measure"
)

// Measures are the figures of sign-ins, in memory and of this node.
func (s *Service) Measures() []measure.Group {
	return []measure.Group{{
		Name: "sign-ins",
		Figures: []measure.Figure{
			{Name: "khue_sign_ins_total", Help: "Sessions opened on this node, by the first way in which the owner was recognised.", Labels: []string{"way"}, Total: true},
			{Name: "khue_sign_ins_refused_total", Help: "Passwords and codes refused on this node: wrong, or after too many failures.", Labels: []string{"why"}, Total: true},
			{Name: "khue_sessions_cached", Help: "Sessions that this node answers without asking the database."},
		},
		Now: func(put measure.Put) {
			put("khue_sign_ins_refused_total", 0, "wrong")
			put("khue_sign_ins_refused_total", 0, "too_many")
			s.opened.Tell(put, "khue_sign_ins_total", 1)
			s.refused.Tell(put, "khue_sign_ins_refused_total", 1)
			put("khue_sessions_cached", float64(s.cache.size()))
		},
	}}
}

func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.bySecret)
}
