package notify

import (
	"khue/internal/kernel/db"
)

// insert adds a message unless one of the same cause and address stands already.
func insert(tx *db.Tx, v MessageID, m Message) (fresh bool, err error) {
	rows, err := db.All(tx, func(s db.Scanner) (MessageID, error) {
		var id MessageID
		err := s.Scan(&id)
		return id, err
	}, `INSERT INTO notify_message (id, cause, address, name, subject, body, state, created_at)
 VALUES ($1,$2,$3,$4,$5,$6,'waiting',$7) ON CONFLICT (cause, address) DO NOTHING RETURNING id`,
		v, m.Cause, m.To, m.Name, m.Subject, m.Body, db.Millis(tx.Now()))
	return len(rows) > 0, err
}

func find(q db.Querier, v MessageID) (Message, State, error) {
	var m Message
	var state State
	err := q.QueryRow(`SELECT cause, address, name, subject, body, state FROM notify_message WHERE id = $1`, v).
		Scan(&m.Cause, &m.To, &m.Name, &m.Subject, &m.Body, &state)
	return m, state, err
}

func mark(tx *db.Tx, v MessageID, state State) error {
	return tx.Exec(`UPDATE notify_message SET state = $2, sent_at = $3 WHERE id = $1`, v, string(state), db.Millis(tx.Now()))
}

func count(q db.Querier) (map[State]int, error) {
	out := map[State]int{}
	_, err := db.All(q, func(s db.Scanner) (struct{}, error) {
		var state State
		var n int
		err := s.Scan(&state, &n)
		out[state] = n
		return struct{}{}, err
	}, `SELECT state, COUNT(*) FROM notify_message GROUP BY state`)
	return out, err
}
