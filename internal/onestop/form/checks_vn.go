package form

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"khue/internal/kernel/i18n"
)

// Plates without their separators: civil (30A12345, 29B112345, 29MĐ112345, 29LD12345 and
// the older ones of four digits), of the army (TM1234) and of foreign missions (80NG12345,
// 80123NG01).
var (
	civilPlate   = regexp.MustCompile(`^([1-9]\d)([A-ZĐ]|[A-ZĐ]\d|[A-ZĐ]{2}|[A-ZĐ]{2}\d)(\d{3})(\d{1,2})$`)
	armyPlate    = regexp.MustCompile(`^([A-Z]{2})(\d{2})(\d{2})$`)
	missionPlate = regexp.MustCompile(`^([1-9]\d)(\d{3})(NG|NN|QT|CV)(\d{2})$`)
)

// checkPlate takes a registration plate as it is painted, with or without its signs, and
// gives it back as it is written in papers: 30A-123.45, 29B1-123.45, 29A-1234, TM-12-34,
// 80-123-NG-01.
func checkPlate(_ *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	plain := strings.ToUpper(strip(s, " .-–_"))
	if m := missionPlate.FindStringSubmatch(plain); m != nil {
		return strings.Join(m[1:], "-"), found{}
	}
	if m := armyPlate.FindStringSubmatch(plain); m != nil {
		return strings.Join(m[1:], "-"), found{}
	}
	m := civilPlate.FindStringSubmatch(plain)
	if m == nil || m[1] < "11" {
		return v, fault("plate")
	}
	if len(m[4]) == 1 { // four digits are written without a point
		return m[1] + m[2] + "-" + m[3] + m[4], found{}
	}
	return m[1] + m[2] + "-" + m[3] + "." + m[4], found{}
}

var accountNumber = regexp.MustCompile(`^[0-9A-Z]{4,19}$`)

// checkAccount takes a number of a bank account: 4 to 19 letters and digits.
func checkAccount(_ *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	s = strings.ToUpper(strip(s, " .-"))
	if !accountNumber.MatchString(s) {
		return v, fault("account")
	}
	return s, found{}
}

// checkHolder writes the holder's name as banks do: capitals without marks.
func checkHolder(in *input, v any, env *Env) (any, found) {
	v, f := checkText(in, v, env)
	if f.key != "" {
		return v, f
	}
	letters := 0
	s := strings.ToUpper(i18n.Fold(v.(string)))
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			letters++
		case r >= '0' && r <= '9', strings.ContainsRune(" .,-&'()/", r):
		default:
			return v, fault("name", "sign", string(r))
		}
	}
	if letters < 2 {
		return v, fault("nameShort")
	}
	return s, found{}
}

// The box around Vietnam with its islands, in degrees.
const (
	minLat, maxLat = 6.5, 23.5
	minLon, maxLon = 102.0, 117.5
)

var pointNumbers = regexp.MustCompile(`^\(?\s*(\d{1,3}(?:[.,]\d{1,15})?)\s*°?\s*([NB]?)\s*[,;\s]\s*(\d{1,3}(?:[.,]\d{1,15})?)\s*°?\s*([EĐ]?)\s*\)?$`)

// checkPoint takes "21.03, 105.85" (or with decimal commas, "21,03; 105,85"), latitude
// first. The other order is understood too, since no place in Vietnam reads both ways.
// Canonical are degrees with at most six decimals, which is a hand's breadth: "21.03,105.85".
func checkPoint(_ *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	lat, lon, ok := parsePoint(s)
	if !ok {
		return v, fault("point")
	}
	if lat > maxLat && lon < minLon {
		lat, lon = lon, lat
	}
	if lat < minLat || lat > maxLat || lon < minLon || lon > maxLon {
		return v, fault("pointOutside")
	}
	return degrees(lat) + "," + degrees(lon), found{}
}

func parsePoint(s string) (lat, lon float64, ok bool) {
	if len(s) > 60 {
		return 0, 0, false
	}
	if strings.Contains(s, ".") { // commas part, points are decimal
		s = strings.ReplaceAll(s, ",", " ; ")
	}
	m := pointNumbers.FindStringSubmatch(strings.ToUpper(s))
	if m == nil {
		return 0, 0, false
	}
	lat, errLat := strconv.ParseFloat(strings.Replace(m[1], ",", ".", 1), 64)
	lon, errLon := strconv.ParseFloat(strings.Replace(m[3], ",", ".", 1), 64)
	return lat, lon, errLat == nil && errLon == nil
}

func degrees(v float64) string { return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64) }

// Point reads a geo-point in its canonical form.
func Point(s string) (lat, lon float64, ok bool) {
	a, b, ok := strings.Cut(s, ",")
	if !ok {
		return 0, 0, false
	}
	lat, errLat := strconv.ParseFloat(a, 64)
	lon, errLon := strconv.ParseFloat(b, 64)
	return lat, lon, errLat == nil && errLon == nil
}
