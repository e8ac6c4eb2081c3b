Feature: The end of a drive
  A drive warns before its keys or its memory end and refuses to settle after, but always lets the day be closed.

  Rule: The drive warns from 30 days before the end, urgently from 3 (fn.md 5.3)

    @case:K-045 @must
    Scenario Outline: Reports carry the warning that is due
      Given the drive's keys live 40 days
      And a registered register of FFD 1.05
      When <days> days pass
      And the register opens a shift
      Then the last document <near> of keys near their end
      And the last document <urgent> of urgent replacement

      Examples:
        | days | near          | urgent        |
        | 9    | does not warn | does not warn |
        | 10   | warns         | does not warn |
        | 36   | warns         | does not warn |
        | 37   | warns         | warns         |
        | 40   | warns         | warns         |

  Rule: When the keys end in an open shift nothing is settled, and everything can be closed (fn.md 5.4)

    Background:
      Given the drive's keys live 1 day
      And a registered register of FFD 1.2
      And 15 hours pass
      And the register opens a shift
      And 24 hours pass

    @case:K-046 @must
    Scenario: No more receipts
      When the register issues 1 receipt
      Then the register refuses because of "срок действия ключей ФП исчерпан"

    @case:expiry/everything-can-be-closed @must
    Scenario: Shift and archive are closed
      When the register closes the shift and sends it
      And the register closes the archive and sends it
      Then the drive is in archive mode

  Rule: After the keys ended no shift is opened (fn.md 5.4)

    @case:expiry/no-new-shift @must
    Scenario: The keys ended before the shift
      Given the drive's keys live 40 days
      And a registered register of FFD 1.05
      When 41 days pass
      And the register opens a shift
      Then the register refuses because of "замените ФН"
      When the register closes the archive
      Then the last document is an archive closing with number 2

  Rule: Memory warns at nine tenths and stops when it is full (fn.md 5.3, 5.4, FN-023)

    @case:K-047 @must
    Scenario: The archive fills up
      Given the drive has room for 20 documents
      And a register of FFD 1.2 with an open shift
      When the register issues 16 receipts
      And the register closes the shift
      Then the last document warns of memory filling up

    @case:expiry/archive-full @must
    Scenario: The archive is full
      Given the drive has room for 20 documents
      And a register of FFD 1.2 with an open shift
      When the register issues 19 receipts
      Then the register refuses because of "архив ФН заполнен"
      When the register closes the shift and sends it
      And the register closes the archive
      Then the drive is in post-fiscal mode
