Feature: Replacement of the drive
  A register outlives its drives: the new one takes over its registration number and begins its numbers anew.

  Rule: A new drive reports the same register, with number 1 (fn.md FN-013)

    @case:K-058 @must @ffd1.05 @ffd1.1 @ffd1.2
    Scenario Outline: A drive is closed and another put in
      Given a registered register of FFD <ffd>
      And the register closes the archive and sends it
      When a new drive is put into the register
      And the register exchanges with the operator
      Then the last document is a change of registration with number 1
      And the last document gives the reason replacement of the drive
      And the operator has no remarks

      Examples:
        | ffd  |
        | 1.05 |
        | 1.1  |
        | 1.2  |

    @case:O-002 @must
    Scenario: A drive dies and another is put in
      Given a registered register of FFD 1.2
      And the register trades for 1 day with 1 receipt a day
      When a new drive is put into the register
      And the register exchanges with the operator
      Then the operator shows the former drive as replaced
      And the operator shows the drive as active

  Rule: The new drive works like the old one (fn.md FN-013)

    @case:replacement/trade-goes-on @must
    Scenario: Trade goes on with the new drive
      Given a registered register of FFD 1.05
      And the register closes the archive and sends it
      When a new drive is put into the register
      And the register trades for 2 days with 2 receipts a day
      Then the operator keeps every document of the drive
      And the operator has no remarks
      And the operator shows the former drive as closed
