// Package marking stands in for the marking operator (ОИСМ) and for the key
// service: it answers requests about marking codes (form 81 → 83), notifications
// of sale (82 → 84) and key requests. It keeps the status of codes in memory.
//
// It is the bench's own (TRN-110): the contents of forms 81, 82 and 84 and their
// protection are not known, and nothing here talks to a real marking system. It
// opens no connection: server/intake brings messages.
//
// What it says of a code is chosen by the code's last two digits:
//
//	…90  unknown: 2109 = 2, and not a known product
//	…91  another status than planned: 2109 = 2
//	…92  turnover suspended: 2109 = 3
//	…93  malformed code: 2105 = 2 (a code without a digit or shorter than 4 too)
//	…94  malformed request: 2105 = 1
//	…95  sign of the code wrong, status wrong: 2005 = 5
//	…96  sign of the code wrong, status right: 2005 = 13
//	…97  notification malformed: 2111 = 1
//	…98  bad code in the notification: 2112 = 4
//	…99  no answer at all: the connection stays open and silent
//	else in turnover: 2109 = 1, 2005 = 15
//
// A code that a notification took out of turnover (2110 = 1) is sold: the next
// request to sell it gives 2109 = 2 and the next notification of its sale 2112 = 4;
// a return (2110 = 3) puts it back.
package marking
