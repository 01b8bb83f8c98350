using DemEngine.Merging.Options;
using DemEngine.Remote.Http;
using DemEngine.Stores;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Stores;

[NonParallelizable]
internal sealed class HubTests
{
    private static readonly RunOptions Options = new() { Threads = 2 };

    private ModelFolder _models = null!;

    [OneTimeSetUp]
    public void MakeModels()
    {
        _models = WebModelTests.Family();
        _models.Merge(Recipe("one"), "local", Options);
    }

    [OneTimeTearDown]
    public void RemoveModels() => _models.Dispose();

    [TestCase("hf://org/name@v1", 1000)]
    [TestCase("hf://org/name@v1", 2)]
    [TestCase("{0}/org/name/resolve/v1", 1000)]
    [TestCase("{0}/org/name/tree/v1", 1000)]
    public void A_model_of_the_hub_is_read_at_its_commit_and_the_token_goes_to_the_hub_alone(string address, int pageLength)
    {
        using var served = new HubServer(_models.PathOf("one"), "hf_secret") { PageLength = pageLength };
        Use(served, "hf_secret");
        string output = $"out-{Guid.NewGuid():N}";
        _models.Merge(Recipe(string.Format(null, address, served.Hub.Address)), output, Options);
        WebModelTests.AssertSame(_models, "local", output);
        Assert.Multiple(() =>
        {
            Assert.That(served.Hub.Requests.Select(request => request.Header("Authorization")), Is.All.EqualTo("Bearer hf_secret"));
            Assert.That(served.Contents.Requests, Is.Not.Empty);
            Assert.That(served.Contents.Requests.Select(request => request.Header("Authorization")), Is.All.Null);
        });
    }

    [Test]
    public void A_redirect_is_followed_once_for_a_file_and_not_for_each_of_its_parts()
    {
        using var served = new HubServer(_models.PathOf("one"));
        Use(served, null);
        _models.Merge(Recipe("hf://org/name@v1"), "once", Options);
        string[] asked = [.. served.Hub.Requests.Select(request => request.Path).Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal))];
        Assert.That(asked, Is.Unique.And.Not.Empty);
    }

    [Test]
    public void A_place_that_a_redirect_led_to_and_that_is_given_for_a_time_only_is_asked_for_again()
    {
        using var served = new HubServer(_models.PathOf("one"));
        int asked = 0;
        served.Twist = (request, answer) =>
            request.Range is { } range && range.Last - range.First > 200_000 && Interlocked.Increment(ref asked) == 2
                ? WebAnswer.Of(403) : answer;
        Use(served, null);
        _models.Merge(Recipe("hf://org/name@v1"), "expired", Options);
        WebModelTests.AssertSame(_models, "local", "expired");
    }

    [Test]
    public void Bytes_that_are_not_those_of_the_hubs_SHA256_are_an_error()
    {
        using var served = new HubServer(_models.PathOf("one"));
        served.Twist = (request, answer) => request.Range is { } range && range.Last - range.First > 200_000
            ? answer with { Body = [.. answer.Body[..77_777], (byte)(answer.Body[77_777] ^ 1), .. answer.Body[77_778..]] }
            : answer;
        Use(served, null);
        DemException e = Assert.Throws<DemException>(() => _models.Merge(Recipe("hf://org/name@v1"), "wrong", Options))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreContentsWrong));
            Assert.That(e.Message, Does.Contain("SHA-256"));
            Assert.That(Directory.Exists(_models.PathOf("wrong")), Is.False);
        });
    }

    [TestCase(null, "HF_TOKEN")]
    [TestCase("hf_wrong", "not accepted")]
    public void A_model_that_the_hub_refuses_is_an_error_that_says_what_to_do(string? token, string remedy)
    {
        using var served = new HubServer(_models.PathOf("one"), "hf_secret");
        Use(served, token);
        DemException e = Assert.Throws<DemException>(() => _models.Plan(Recipe("hf://org/name@v1")))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreAccessRefused));
            Assert.That(e.Message, Does.Contain("is restricted"));
            Assert.That(e.Remedy, Does.Contain(remedy));
            Assert.That(e.ToString(), Does.Not.Contain("hf_wrong"));
        });
    }

    [Test]
    public void A_token_is_taken_from_where_the_hubs_own_library_keeps_it()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.PathOf("token"), "hf_stored\n");
        File.WriteAllText(folder.PathOf("other"), "hf_other\n");
        string? Found(params (string Name, string Value)[] variables) => HubToken.Find(new HttpStoreOptions
        {
            Environment = name => variables.FirstOrDefault(one => one.Name == name).Value,
        });
        Assert.Multiple(() =>
        {
            Assert.That(Found(("HF_HOME", folder.Path)), Is.EqualTo("hf_stored"));
            Assert.That(Found(("HF_HOME", folder.Path), ("HF_TOKEN_PATH", folder.PathOf("other"))), Is.EqualTo("hf_other"));
            Assert.That(Found(("HF_HOME", folder.Path), ("HF_TOKEN", "hf_given")), Is.EqualTo("hf_given"));
            Assert.That(Found(("HF_TOKEN", "hf_given"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")), Is.Null);
            Assert.That(Found(("HF_TOKEN", "two\r\nHost: lines")), Is.Null);
            Assert.That(Found(("HF_HOME", folder.PathOf("nowhere"))), Is.Null);
        });
    }

    private static string Recipe(string model) => $"merge_method: passthrough\nmodels:\n- model: {model}\n";

    private static void Use(HubServer served, string? token)
    {
        var store = new HttpStore(new HttpStoreOptions
        {
            Environment = name => name switch
            {
                "HF_ENDPOINT" => served.Hub.Address,
                "HF_TOKEN" => token,
                "HF_HOME" => "/nonexistent",
                _ => null,
            },
        });
        foreach (string scheme in new[] { "hf", "http" })
            FileStores.Register(scheme, () => store, QuickStores.Limits);
    }

    [TearDown]
    public void UseTheUsualStores() => new QuickStores().Register();
}
