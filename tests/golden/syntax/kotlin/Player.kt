package game.model

import game.rules.Rule
import game.util.*
import game.net.Client as Net

typealias Scores = Map<String, Int>

const val MAX_PLAYERS = 4

/** A player, as a sample of Kotlin. */
@Serializable
data class Player(val name: String, private var rank: Rank = Rank(), age: Int) : Person(name), Ranked {
    val score: Int = 0
    private var socket = Net()
    lateinit var team: Team

    val isReady: Boolean
        get() = score > 0

    companion object {
        const val NONE = "none"

        fun anonymous(): Player = Player(NONE, Rank(), 0)
    }

    override fun play(rule: Rule, turns: Int): Result? {
        val game = Game(rule)
        val first: Move = game.moves(turns)
        return game.start(first)?.result()
    }
}

interface Ranked {
    fun rankOf(other: Player): Int
}

enum class Level(val value: Int) {
    LOW(1),
    HIGH(2);

    fun next() = HIGH
}

object Registry : Store<Player>() {
    fun find(name: String) = players[name]
}

sealed class Event

fun String.initials(limit: Int) = take(limit)

suspend fun <T> retry(times: Int, block: suspend () -> T): T {
    return block()
}
