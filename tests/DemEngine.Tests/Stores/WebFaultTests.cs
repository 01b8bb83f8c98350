using System.Collections.Concurrent;
using DemEngine.Merging.Options;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Stores;

internal sealed class WebFaultTests
{
    private static readonly RunOptions Options = new() { Threads = 2, MaxMemoryBytes = 64_000_000 };

    private ModelFolder _models = null!;

    [OneTimeSetUp]
    public void MakeModels()
    {
        _models = WebModelTests.Family();
        _models.Merge(Recipe(""), "local", Options);
    }

    [OneTimeTearDown]
    public void RemoveModels() => _models.Dispose();

    private static IEnumerable<TestCaseData> PassingFaults()
    {
        static TestCaseData Case(string name, Func<WebAnswer, int, WebAnswer> fault) => new TestCaseData(fault).SetArgDisplayNames(name);
        yield return Case("cut in the middle", (answer, n) => n % 2 == 0 ? answer with { CutAfter = answer.Body.Length / 2 } : answer);
        yield return Case("cut before the first byte", (answer, n) => n % 3 == 0 ? answer with { IsRefused = true } : answer);
        yield return Case("cut near the end", (answer, n) => n % 2 == 0 ? answer with { CutAfter = answer.Body.Length - 1 } : answer);
        yield return Case("stall", (answer, n) => n is 3 or 5 ? answer with { StallAfter = 1000 } : answer);
        yield return Case("429", (answer, n) => n % 2 == 0 ? WebAnswer.Of(429) : answer);
        yield return Case("429 with a time", (answer, n) => n is 2 or 4 or 6 ? WebAnswer.Of(429).With("Retry-After", "1") : answer);
        yield return Case("503 with a date", (answer, n) => n == 2
            ? WebAnswer.Of(503).With("Retry-After", DateTime.UtcNow.AddSeconds(1).ToString("R")) : answer);
        yield return Case("500", (answer, n) => n % 3 == 1 ? WebAnswer.Of(500) : answer);
    }

    [TestCaseSource(nameof(PassingFaults))]
    public void A_fault_that_passes_does_not_show_in_the_bytes(Func<WebAnswer, int, WebAnswer> fault)
    {
        using var served = new ServedFolder(_models.Path);

        // The rest of a part is asked for after a fault, up to the same last byte, and comes.
        var counts = new ConcurrentDictionary<string, int>();
        int parts = 0;
        served.Twist = (request, answer, n) =>
        {
            if (n == 0)
                return answer;
            bool isNew = counts.TryAdd($"{request.Path} {request.Range?.Last}", 0);
            return isNew ? fault(answer, Interlocked.Increment(ref parts)) : answer;
        };
        string output = $"out-{Guid.NewGuid():N}";
        _models.Merge(Recipe(served.Server.Address + "/"), output, Options);
        WebModelTests.AssertSame(_models, "local", output);
    }

    private static IEnumerable<TestCaseData> LastingFaults()
    {
        static TestCaseData Case(string name, Func<WebAnswer, WebAnswer> fault, ErrorCode code, string said) =>
            new TestCaseData(fault, code, said).SetArgDisplayNames(name);
        yield return Case("stall", a => a with { StallAfter = 0 }, ErrorCode.StoreNotReached, "no byte came");
        yield return Case("closed", a => a with { IsRefused = true }, ErrorCode.StoreNotReached, "4 attempts");
        yield return Case("500", _ => WebAnswer.Of(500), ErrorCode.StoreNotReached, "500");
        yield return Case("429 for an hour", _ => WebAnswer.Of(429).With("Retry-After", "3600"), ErrorCode.StoreNotReached, "3600");
        yield return Case("200 in place of 206", a => a with { Status = 200 }, ErrorCode.BadStoreAnswer, "does not serve parts");
        yield return Case("too short", a => a with { Body = a.Body[..^1] }, ErrorCode.BadStoreAnswer, "bytes where");
        yield return Case("too long", a => a with { Body = [.. a.Body, 0] }, ErrorCode.BadStoreAnswer, "bytes where");
        yield return Case(
            "another range",
            a => a.With("Content-Range", Moved(a.Headers["Content-Range"], by: 1)),
            ErrorCode.BadStoreAnswer,
            "in place of those");
        yield return Case(
            "no range",
            a => a with { Headers = new(a.Headers.Where(header => header.Key != "Content-Range")) },
            ErrorCode.BadStoreAnswer,
            "which part");
        yield return Case("packed", a => a.With("Content-Encoding", "gzip"), ErrorCode.BadStoreAnswer, "encoding");
        yield return Case("another version", a => a.With("ETag", "\"later\""), ErrorCode.InputChanged, "\"later\"");
        yield return Case(
            "no version",
            a => a with { Headers = new(a.Headers.Where(header => header.Key != "ETag")) },
            ErrorCode.InputChanged,
            "not stated");
        yield return Case(
            "another length",
            a => a.With("Content-Range", a.Headers["Content-Range"].Split('/')[0] + "/77777777"),
            ErrorCode.InputChanged,
            "77777777");
        yield return Case("gone", _ => WebAnswer.Of(404), ErrorCode.StoreFileNotFound, "404");
        yield return Case("forbidden", _ => WebAnswer.Of(403), ErrorCode.StoreAccessRefused, "403");
        yield return Case("a status of no meaning", _ => WebAnswer.Of(402), ErrorCode.BadStoreAnswer, "402");
        yield return Case("redirect to nowhere", _ => WebAnswer.Of(302), ErrorCode.BadStoreAnswer, "says not where");
        yield return Case(
            "redirect in a circle", _ => WebAnswer.Of(302).With("Location", "model-00001-of-00002.safetensors"), ErrorCode.BadStoreAnswer, "no end");
        yield return Case(
            "redirect out of this machine without TLS",
            _ => WebAnswer.Of(302).With("Location", "http://192.0.2.1/model"),
            ErrorCode.BadStoreAnswer,
            "not asked");
    }

    [TestCaseSource(nameof(LastingFaults))]
    [CancelAfter(15_000)]
    public void A_fault_that_lasts_is_an_error_of_its_name_and_leaves_no_output(
        Func<WebAnswer, WebAnswer> fault, ErrorCode code, string said)
    {
        using var served = new ServedFolder(_models.Path);

        // Headers and samples come, so that the fault meets the run itself.
        served.Twist = (request, answer, n) =>
            n > 0 && request.Range is { } range && range.Last - range.First > 200_000 ? fault(answer) : answer;
        string output = $"out-{Guid.NewGuid():N}";
        DemException e = Assert.Throws<DemException>(() => _models.Merge(Recipe(served.Server.Address + "/"), output, Options))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(code), e.Message);
            Assert.That(e.Message, Does.Contain(said));
            Assert.That(e.Message, Does.Contain(served.Server.Address));
            Assert.That(Directory.Exists(_models.PathOf(output)), Is.False);
        });
    }

    [Test]
    public void A_file_that_changes_after_it_was_read_is_noticed_before_anything_is_published()
    {
        using var served = new ServedFolder(_models.Path);
        int parts = 0;
        served.Twist = (request, answer, n) =>
        {
            parts += n > 0 ? 1 : 0;
            return request.Range is { Last: 0 } && parts > 0 ? answer.With("ETag", "\"later\"") : answer;
        };
        DemException e = Assert.Throws<DemException>(() => _models.Merge(Recipe(served.Server.Address + "/"), "changed", Options))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.InputChanged));
            Assert.That(Directory.Exists(_models.PathOf("changed")), Is.False);
        });
    }

    [Test]
    public void Bytes_that_are_not_those_of_the_models_manifest_are_an_error_that_names_the_tensor()
    {
        using var served = new ServedFolder(_models.Path);
        bool isDone = false;
        served.Twist = (request, answer, n) =>
        {
            if (n == 0 || isDone || request.Range is not { } range || range.Last - range.First < 200_000)
                return answer;
            isDone = true;
            return answer with { Body = [.. answer.Body[..150_000], (byte)(answer.Body[150_000] ^ 1), .. answer.Body[150_001..]] };
        };
        DemException e = Assert.Throws<DemException>(() => _models.Merge(
            $"merge_method: passthrough\nmodels:\n- model: {served.AddressOf("local")}\n", "wrong", Options))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreContentsWrong), e.Message);
            Assert.That(e.Message, Does.Contain(".weight"));
            Assert.That(Directory.Exists(_models.PathOf("wrong")), Is.False);
        });
    }

    [TestCase(404, 2070)]
    [TestCase(401, 2071)]
    [TestCase(403, 2071)]
    [TestCase(500, 4050)]
    public void A_model_that_cannot_be_listed_is_an_error_of_its_name(int status, int code)
    {
        using var server = new LoopbackServer(_ => WebAnswer.Of(status));
        DemException e = Assert.Throws<DemException>(() => _models.Plan(Recipe(server.Address + "/")))!;
        Assert.That(e.Code.Number, Is.EqualTo(code), e.Message);
    }

    [TestCase("http://example.org/model", "http://")]
    [TestCase("https://user:secret@example.org/model", "password")]
    [TestCase("https://example.org/model?version=3", "?")]
    [TestCase("ftp://example.org/model", "ftp")]
    [TestCase("https://huggingface.co/datasets/org/name", "hub")]
    public void An_address_that_is_not_asked_is_refused_and_never_shown_with_a_password(string address, string said)
    {
        DemException e = Assert.Throws<DemException>(() => _models.Plan($"merge_method: passthrough\nmodels:\n- model: {address}\n"))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.BadStoreAddress), e.Message);
            Assert.That(e.Message, Does.Contain(said).And.Not.Contain("secret"));
        });
    }

    private static string Recipe(string root) =>
        $"merge_method: linear\nmodels:\n- model: {root}one\n  parameters: {{ weight: 0.7 }}\n- model: {root}two\n  parameters: {{ weight: 0.3 }}\n";

    private static string Moved(string range, int by)
    {
        string[] parts = range.Split(' ', '-', '/');
        return $"bytes {long.Parse(parts[1], null) + by}-{long.Parse(parts[2], null) + by}/{long.Parse(parts[3], null) + by}".Replace(
            $"/{long.Parse(parts[3], null) + by}", $"/{parts[3]}", StringComparison.Ordinal);
    }
}
