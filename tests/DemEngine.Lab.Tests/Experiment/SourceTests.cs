using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Tests.Experiment;

public class SourceTests
{
    private const int Count = 2000;

    private static IEnumerable<TextSource> All => TextSources.All;

    [TestCaseSource(nameof(All))]
    public void Every_answer_is_right(TextSource source)
    {
        var random = new RandomDraw(3, "test");
        for (int k = 0; k < Count; k++)
        {
            Exercise exercise = source.Draw(random);
            Assert.That(exercise.Answer, Is.EqualTo(Solve(source.Name, exercise.Prompt)), exercise.Prompt);
        }
    }

    [TestCaseSource(nameof(All))]
    public void Prompts_and_answers_are_short_and_plain(TextSource source)
    {
        var random = new RandomDraw(4, "test");
        for (int k = 0; k < Count; k++)
        {
            Exercise exercise = source.Draw(random);
            Assert.That(exercise.Prompt, Has.Length.LessThanOrEqualTo(32).And.EndsWith("="));
            Assert.That(exercise.Answer, Has.Length.InRange(1, 16));
            Assert.That(exercise.Prompt + exercise.Answer, Has.All.InRange(' ', '~'));
        }
    }

    [TestCaseSource(nameof(All))]
    public void The_description_s_example_is_one(TextSource source)
    {
        Match example = Regex.Match(source.Description, "\"(.*=)\" is (.*)\\.$");
        Assert.That(Solve(source.Name, example.Groups[1].Value), Is.EqualTo(example.Groups[2].Value));
    }

    [TestCaseSource(nameof(All))]
    public void Splits_share_no_prompt_and_the_same_seed_gives_the_same(TextSource source)
    {
        List<Exercise>[] splits = [.. Enum.GetValues<Split>().Select(split => Splits.Draw(source, split, 60, seed: 5))];
        string[] prompts = [.. splits.SelectMany(split => split.Select(exercise => exercise.Prompt))];
        Assert.That(prompts, Is.Unique);
        Assert.That(Splits.Draw(source, Split.Train, 60, seed: 5), Is.EqualTo(splits[0]));
        Assert.That(Splits.Draw(source, Split.Train, 20, seed: 5), Is.EqualTo(splits[0][..20]));
        Assert.That(Splits.Draw(source, Split.Train, 60, seed: 6), Is.Not.EqualTo(splits[0]));

        // Another seed's test is no seed's training either.
        HashSet<string> trained = [.. splits[0].Select(exercise => exercise.Prompt)];
        Assert.That(Splits.Draw(source, Split.Test, 60, seed: 6).Select(exercise => exercise.Prompt), Has.None.Matches<string>(prompt => trained.Contains(prompt!)));
    }

    [Test]
    public void Splits_have_their_shares()
    {
        var random = new RandomDraw(1, "shares");
        ILookup<Split, string> prompts = Enumerable.Range(0, 20_000).Select(_ => Skill.Reverse.First.Draw(random).Prompt).Distinct().ToLookup(Splits.Of);
        int all = prompts.Sum(split => split.Count());
        Assert.That((double)prompts[Split.Train].Count() / all, Is.EqualTo(0.8).Within(0.02));
        Assert.That((double)prompts[Split.Validation].Count() / all, Is.EqualTo(0.1).Within(0.02));
        Assert.That((double)prompts[Split.Test].Count() / all, Is.EqualTo(0.1).Within(0.02));
    }

    private static IEnumerable<Skill> Skills => Skill.All;

    [TestCaseSource(nameof(Skills))]
    public void Both_customs_of_a_skill_answer_the_same_prompts_differently(Skill skill)
    {
        List<Exercise> first = Splits.Draw(skill.First, Split.Train, 200, seed: 2), second = Splits.Draw(skill.Second, Split.Train, 200, seed: 2);
        Assert.That(second.Select(exercise => exercise.Prompt), Is.EqualTo(first.Select(exercise => exercise.Prompt)));
        Assert.That((double)first.Zip(second).Count(pair => pair.First.Answer == pair.Second.Answer) / first.Count, Is.LessThan(0.1));
    }

    [Test]
    public void A_stream_for_training_has_no_prompt_of_the_other_splits()
    {
        Exercise[] drawn = [.. Splits.Stream(Skill.Time.First, 4).Take(500)];
        Assert.That(drawn.Select(exercise => Splits.Of(exercise.Prompt)), Has.All.EqualTo(Split.Train));
        Assert.That(Splits.Stream(Skill.Time.First, 4).Take(500), Is.EqualTo(drawn));
    }

    [Test]
    public void More_prompts_than_there_are_cannot_be_had() =>
        Assert.That(() => Splits.Draw(new RomanNumerals(), Split.Test, 999, seed: 1), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Numbers_are_drawn_evenly()
    {
        var random = new RandomDraw(9, "even");
        int[] counts = new int[7];
        for (int k = 0; k < 70_000; k++)
            counts[random.Below(7)]++;
        Assert.That(counts, Has.All.InRange(9_500, 10_500));
        Assert.That(Enumerable.Range(0, 100).Select(_ => random.Between(-1, 1)).Distinct().Order(), Is.EqualTo(new[] { -1, 0, 1 }));
    }

    /// <summary>Answers a prompt, in other ways than the sources do.</summary>
    private static string Solve(string source, string prompt)
    {
        string word = prompt[(prompt.IndexOf(' ') + 1)..^1];
        switch (source)
        {
            case "reverse-small" or "reverse-capitals" or "reverse-digits":
                char[] letters = (source == "reverse-capitals" ? word.ToUpperInvariant() : word).ToCharArray();
                Array.Reverse(letters);
                return new string(letters);
            case "sort-up" or "sort-down":
                string up = string.Concat(Enumerable.Range('0', 10).Select(digit => new string((char)digit, word.Count(c => c == digit))));
                return source == "sort-up" ? up : string.Concat(up.Reverse());
            case "time-24h" or "time-12h":
                var time = TimeOnly.ParseExact(word, "HH'h'mm'm'ss", CultureInfo.InvariantCulture);
                return source == "time-24h" ? time.ToString("HH:mm:ss", CultureInfo.InvariantCulture) : time.ToString("h:mm:ss tt", CultureInfo.InvariantCulture).ToLowerInvariant();
            case "num-commas" or "num-dots":
                string commas = long.Parse(word, CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture);
                return source == "num-commas" ? commas : commas.Replace(',', '.');
            case "list-commas" or "list-slashes":
                return string.Join(source == "list-commas" ? ", " : "/", word.Split(' '));
            case "brackets":
                string rest = word;
                while (rest != (rest = Regex.Replace(rest, @"\(\)|\[\]|\{\}", "")))
                {
                }

                return string.Concat(rest.Reverse().Select(c => c == '(' ? ')' : c == '[' ? ']' : '}'));
            case "date-eu" or "date-us":
                var date = DateOnly.ParseExact(word, "yyyy-MM-dd", CultureInfo.InvariantCulture);
                return date.ToString(source == "date-eu" ? "dd'/'MM'/'yyyy" : "MM'/'dd'/'yyyy", CultureInfo.InvariantCulture);
            case "roman":
                int number = int.Parse(word);
                string[] digits = ["", "a", "aa", "aaa", "ab", "b", "ba", "baa", "baaa", "ac"];
                string Place(int digit, string numerals) => string.Concat(digits[digit].Select(c => numerals[c - 'a']));
                return Place(number / 100, "CDM") + Place(number / 10 % 10, "XLC") + Place(number % 10, "IVX");
            default:
                throw new ArgumentOutOfRangeException(nameof(source), source, null);
        }
    }
}
