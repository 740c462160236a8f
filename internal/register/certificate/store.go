package certificate

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const columns = `id, kind, account, unit, name, title, place, ref, renews, basis, state, proposer, proposer_name, proposed_at,
 decider, decider_name, decided_at, serial, der, starts, ends, revoked_at, revoked_by, reason, request, sealed`

func scan(s db.Scanner) (c Card, err error) {
	var at, decided, from, until, revoked int64
	err = s.Scan(&c.ID, &c.Kind, &c.Account, &c.Unit, &c.Name, &c.Title, &c.Place, &c.Ref, &c.Renews, &c.Basis, &c.State, &c.Proposer, &c.ProposedBy, &at,
		&c.Decider, &c.DecidedBy, &decided, &c.Serial, &c.Der, &from, &until, &revoked, &c.RevokedBy, &c.Reason, &c.request, &c.sealed)
	c.ProposedAt, c.DecidedAt, c.From, c.Until, c.RevokedAt = timeOf(at), timeOf(decided), timeOf(from), timeOf(until), timeOf(revoked)
	return c, err
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return db.Time(ms)
}

func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func find(q db.Querier, v ID) (Card, error) {
	c, err := db.One(q, scan, `SELECT `+columns+` FROM certificate_card WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "certificate.error.none", errs.Cause(err))
	}
	return c, err
}

func ofSerial(q db.Querier, serial string) (Card, error) {
	return db.One(q, scan, `SELECT `+columns+` FROM certificate_card WHERE serial = $1 AND serial <> ''`, serial)
}

// shownColumns are the columns without keys, requests and certificates.
const shownColumns = `id, kind, account, unit, name, title, place, ref, renews, basis, state, proposer, proposer_name, proposed_at,
 decider, decider_name, decided_at, serial, substr(der, 1, 0), starts, ends, revoked_at, revoked_by, reason, substr(request, 1, 0), substr(sealed, 1, 0)`

func latest(q db.Querier, before ID, limit int) ([]Card, error) {
	return db.All(q, scan, `SELECT `+shownColumns+` FROM certificate_card WHERE ($1 = 0 OR id < $1) ORDER BY id DESC LIMIT $2`, before, limit)
}

// figures counts requests that wait, and cards in force that end by a time.
func figures(q db.Querier, now, soon time.Time) (waiting, ending int64, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FILTER (WHERE state = 'asked'), COUNT(*) FILTER (WHERE state = 'issued' AND ends > $1 AND ends < $2) FROM certificate_card`,
		db.Millis(now), db.Millis(soon)).Scan(&waiting, &ending)
	return waiting, ending, err
}

func ofAccount(q db.Querier, account int64) ([]Card, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM certificate_card WHERE account = $1 AND kind = 'officer' AND state = 'issued' ORDER BY id DESC LIMIT 10`, account)
}

func ofUnit(q db.Querier, unit string) ([]Card, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM certificate_card WHERE unit = $1 AND kind = 'seal' AND state = 'issued' ORDER BY id DESC LIMIT 10`, unit)
}

func seals(q db.Querier) ([]Card, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM certificate_card WHERE kind = 'seal' AND state = 'issued' ORDER BY id LIMIT 5000`)
}

func revoked(q db.Querier, now time.Time, limit int) ([]Card, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM certificate_card WHERE state = 'revoked' AND ends > $1 ORDER BY id LIMIT $2`, db.Millis(now), limit)
}

func insert(tx *db.Tx, c Card) error {
	return tx.Exec(`INSERT INTO certificate_card (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,0,'',0,'',$15,0,0,0,'','',$16,$17)`,
		c.ID, string(c.Kind), c.Account, c.Unit, c.Name, c.Title, string(c.Place), c.Ref, c.Renews, c.Basis, string(c.State), c.Proposer, c.ProposedBy, db.Millis(c.ProposedAt),
		[]byte{}, bytesOf(c.request), []byte{})
}

func look(q db.Querier, v ID) ([]byte, error) {
	b, err := db.One(q, db.Value[[]byte], `SELECT image FROM certificate_look WHERE card = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return nil, nil
	}
	return b, err
}

// looks are which of some cards have an image.
func looks(q db.Querier, from, to ID) (map[ID]bool, error) {
	list, err := db.All(q, db.Value[ID], `SELECT card FROM certificate_look WHERE card >= $1 AND card <= $2 ORDER BY card`, from, to)
	out := make(map[ID]bool, len(list))
	for _, v := range list {
		out[v] = true
	}
	return out, err
}

func insertLook(tx *db.Tx, v ID, image []byte) error {
	if len(image) == 0 {
		return nil
	}
	return tx.Exec(`INSERT INTO certificate_look (card, image) VALUES ($1, $2)`, v, image)
}

func deleteLook(tx *db.Tx, v ID) error {
	return tx.Exec(`DELETE FROM certificate_look WHERE card = $1`, v)
}

// decide writes what a second person decided, if nobody did meanwhile.
func decide(tx *db.Tx, c Card, gone error) error {
	var from, until int64
	if !c.From.IsZero() {
		from, until = db.Millis(c.From), db.Millis(c.Until)
	}
	return tx.Guard(gone, `UPDATE certificate_card SET state = $2, decider = $3, decider_name = $4, decided_at = $5, serial = $6, der = $7, starts = $8, ends = $9, sealed = $10
 WHERE id = $1 AND state = 'asked'`, c.ID, string(c.State), c.Decider, c.DecidedBy, db.Millis(c.DecidedAt), c.Serial, bytesOf(c.Der), from, until, bytesOf(c.sealed))
}

// revoke ends a card that is in force. Its key is destroyed.
func revoke(tx *db.Tx, c Card, gone error) error {
	return tx.Guard(gone, `UPDATE certificate_card SET state = 'revoked', revoked_at = $2, revoked_by = $3, reason = $4, sealed = $5 WHERE id = $1 AND state = 'issued'`,
		c.ID, db.Millis(c.RevokedAt), c.RevokedBy, string(c.Reason), []byte{})
}
