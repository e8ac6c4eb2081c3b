Feature: Autonomous registers
  Where there is no network a register works without an operator, and nothing of it waits for one.

  Rule: In autonomous mode no operator is named and nothing is queued (fn.md 12)

    @case:K-042 @must @ffd1.05 @ffd1.2
    Scenario Outline: Two months without an operator
      Given a registered autonomous register of FFD <ffd>
      When 60 days pass
      And the register opens a shift
      Then the last document does not warn of the silent operator
      When the register issues 2 receipts
      Then the drive holds 0 unsent documents

      Examples:
        | ffd  |
        | 1.05 |
        | 1.2  |

    @case:autonomous/names-no-operator @must
    Scenario: The registration names no operator
      Given a new autonomous register of FFD 1.1
      When the register is registered
      Then the last document names no operator

  Rule: An autonomous drive is closed at once (fn.md 4)

    @case:K-052 @must
    Scenario: The archive is read right after closing
      Given a new autonomous register of FFD 1.1
      When the register is registered
      And the register closes the archive
      Then the drive is in archive mode

  Rule: A register goes to autonomous mode with everything sent (fn.md FN-014)

    @case:autonomous/from-transfer @must
    Scenario: A shop loses its network for good
      Given a registered register of FFD 1.2
      And the register trades for 1 day with 2 receipts a day
      When the register is re-registered to work autonomously
      Then the last document gives the reason change to autonomous mode
      And the last document names no operator
