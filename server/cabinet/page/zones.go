package page

import "slices"

var russia = [][2]string{{"Europe/Kaliningrad", "Калининград (МСК−1)"}, {"Europe/Moscow", "Москва (МСК)"}, {"Europe/Samara", "Самара (МСК+1)"}, {"Asia/Yekaterinburg", "Екатеринбург (МСК+2)"},
	{"Asia/Omsk", "Омск (МСК+3)"}, {"Asia/Krasnoyarsk", "Красноярск (МСК+4)"}, {"Asia/Irkutsk", "Иркутск (МСК+5)"}, {"Asia/Yakutsk", "Якутск (МСК+6)"}, {"Asia/Vladivostok", "Владивосток (МСК+7)"},
	{"Asia/Magadan", "Магадан (МСК+8)"}, {"Asia/Kamchatka", "Камчатка (МСК+9)"}}

// Zones are time zones for a form to choose among, IANA name and words: those of Russia,
// and the chosen one when it is another. Nothing chosen is the operator's own zone.
func Zones(chosen string) [][2]string {
	if slices.ContainsFunc(russia, func(z [2]string) bool { return z[0] == chosen }) {
		return russia
	}
	words := chosen
	if chosen == "" {
		words = "как у оператора"
	}
	return append([][2]string{{chosen, words}}, russia...)
}
